/** Where a weight of the ONNX export belongs in the published PyTorch checkpoint. */

/** The predictor's modules that the export runs outside of the predictor's own forward. */
const predictorModule = /^(F0\.\d+|N\.\d+|shared|F0_proj|N_proj)(\.|$)/;

/**
 * The module that a node computes, from the node's path: `/encoder/text_encoder/cnn.0/cnn.0.0/Conv_quant` →
 * `text_encoder.cnn.0.0`. A suffix as in `query_3` marks ALBERT's repeated runs of one module, and goes.
 */
export function moduleOfNode(nodeName: string): string {
  const modules: string[] = [];
  for (const component of nodeName.split('/').slice(1, -1)) {
    const name = component.replace(/_\d+$/, '');
    const parent = modules.at(-1);
    if (parent !== undefined && name.startsWith(`${parent}.`)) {
      modules.pop();
    }
    modules.push(name);
  }
  return publishedName(modules.join('.'));
}

/** The published name of a constant that kept its PyTorch name: `decoder.decoder.N_conv.bias` → `decoder.N_conv.bias`. */
export function publishedName(exportedName: string): string {
  // The export wraps the network in an `encoder` and a `decoder`, whose own `decoder` is Kokoro's.
  const name = exportedName.replace(/^(encoder|decoder)\./, '');
  return predictorModule.test(name) ? `predictor.${name}` : name;
}

/** Whether a constant is a parameter that the export left in float32 under its PyTorch name. */
export function isPlainParameter(name: string): boolean {
  return (
    /^(encoder|decoder\.decoder)\./.test(name) &&
    /\.(bias|gamma|beta|alpha[12]\.\d+)$|(LayerNorm|layer_norm)\.weight$/.test(name)
  );
}

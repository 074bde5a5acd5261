/** Statistics on a circuit's data, read where they are: figures go into history, rows never do. */
import { findPredictions, type FindPredictionsInput } from './find-predictions.ts';
import { checkCircuitData, measureCircuitDrift, measurePredictionErrors, type CheckCircuitDataInput, type MeasureCircuitDriftInput, type MeasurePredictionErrorsInput } from './circuit-data.ts';
import type { StatisticsClients } from './clients.ts';
import { writeDegradationReport, type WriteDegradationReportInput } from './write-report.ts';

export const createStatisticsActivities = (clients: StatisticsClients) => ({
  findPredictions: (input: FindPredictionsInput) => findPredictions(clients, input),
  measurePredictionErrors: (input: MeasurePredictionErrorsInput) => measurePredictionErrors(clients, input),
  checkCircuitData: (input: CheckCircuitDataInput) => checkCircuitData(clients, input),
  measureCircuitDrift: (input: MeasureCircuitDriftInput) => measureCircuitDrift(clients, input),
  writeDegradationReport: (input: WriteDegradationReportInput) => writeDegradationReport(clients, input),
});

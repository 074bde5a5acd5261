/** Statistics on a circuit's data, read where they are: figures go into history, rows never do. */
import { analyseDrift, type AnalyseDriftInput } from './analyse-drift.ts';
import { findPredictions, type FindPredictionsInput } from './find-predictions.ts';
import { checkCircuitData, measureCircuitDrift, measurePredictionErrors, type CheckCircuitDataInput, type MeasureCircuitDriftInput, type MeasurePredictionErrorsInput } from './circuit-data.ts';
import type { StatisticsClients } from './clients.ts';
import { moveDriftBaseline, readDriftBaseline, type MoveDriftBaselineInput, type ReadDriftBaselineInput } from './drift-baseline.ts';
import { readPlatformDriftReport, type ReadPlatformDriftReportInput } from './platform-drift-report.ts';
import { writeDriftReport, type WriteDriftReportInput } from './write-drift-report.ts';
import { writeDegradationReport, type WriteDegradationReportInput } from './write-report.ts';

export const createStatisticsActivities = (clients: StatisticsClients) => ({
  findPredictions: (input: FindPredictionsInput) => findPredictions(clients, input),
  measurePredictionErrors: (input: MeasurePredictionErrorsInput) => measurePredictionErrors(clients, input),
  checkCircuitData: (input: CheckCircuitDataInput) => checkCircuitData(clients, input),
  measureCircuitDrift: (input: MeasureCircuitDriftInput) => measureCircuitDrift(clients, input),
  readPlatformDriftReport: (input: ReadPlatformDriftReportInput) => readPlatformDriftReport(clients, input),
  readDriftBaseline: (input: ReadDriftBaselineInput) => readDriftBaseline(clients, input),
  analyseDrift: (input: AnalyseDriftInput) => analyseDrift(clients, input),
  writeDriftReport: (input: WriteDriftReportInput) => writeDriftReport(clients, input),
  moveDriftBaseline: (input: MoveDriftBaselineInput) => moveDriftBaseline(clients, input),
  writeDegradationReport: (input: WriteDegradationReportInput) => writeDegradationReport(clients, input),
});

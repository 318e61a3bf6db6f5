import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

/** The exporter answers on a route of the application, and opens no port of its own. */
export const exporter = new PrometheusExporter({ preventServerStart: true });

// This runs when the file is loaded, before the application starts: a meter that is made earlier does
// nothing.
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [exporter] }));

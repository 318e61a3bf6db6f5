import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

/** Answers on a route of the application, and opens no port of its own. */
export const exporter = new PrometheusExporter({ preventServerStart: true });

// When this file is loaded, so before the application starts: who asks for a meter earlier gets one that does nothing.
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [exporter] }));

import { SpanStatusCode, type Attributes } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider, type DataPoint, type Histogram } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';

/** The real SDK of OpenTelemetry, whose spans and metrics stay in memory. */
export class Telemetry {
  private readonly exporter = new InMemorySpanExporter();
  private readonly reader = new PrometheusExporter({ preventServerStart: true });
  readonly tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(this.exporter)],
  });
  readonly meterProvider = new MeterProvider({ readers: [this.reader] });

  /** Those that have ended. */
  get spans(): ReadableSpan[] {
    return this.exporter.getFinishedSpans();
  }

  span(name: string): ReadableSpan {
    const found = this.spans.filter((span) => span.name === name);
    if (found[0] === undefined || found.length > 1) throw new Error(`${found.length} spans ${name}`);
    return found[0];
  }

  /** The values of a counter or gauge by their attributes as JSON. A histogram has its sum and its count. */
  async metric(name: string): Promise<{ value: unknown; attributes: Attributes }[]> {
    const { resourceMetrics } = await this.reader.collect();
    return resourceMetrics.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }) => dataPoints as DataPoint<number | Histogram>[])
      .map(({ value, attributes }) => ({
        attributes,
        value: typeof value === 'number' ? value : { sum: value.sum, count: value.count },
      }));
  }

  /** The value of a metric that has one time series. */
  async value(name: string): Promise<unknown> {
    const series = await this.metric(name);
    if (series.length !== 1) throw new Error(`${name} has ${series.length} series`);
    return series[0]?.value;
  }

  /** Into which buckets a histogram with one time series sorts. */
  async boundaries(name: string): Promise<readonly number[]> {
    const { resourceMetrics } = await this.reader.collect();
    const found = resourceMetrics.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .find(({ descriptor }) => descriptor.name === name);
    const [point] = (found?.dataPoints ?? []) as DataPoint<Histogram>[];
    if (point === undefined) throw new Error(`there is no ${name}`);
    return point.value.buckets.boundaries;
  }

  /** All that was reported so far, as text. */
  async everything(): Promise<string> {
    const { resourceMetrics } = await this.reader.collect();
    const spans = this.spans.map(({ name, attributes, events, status, links }) => ({
      ...{ name, attributes, events, status, links },
    }));
    return JSON.stringify([spans, resourceMetrics]);
  }

  async shutdown(): Promise<void> {
    await Promise.all([this.tracerProvider.shutdown(), this.meterProvider.shutdown()]);
  }
}

/** Rounded, since spans keep time in floating milliseconds. */
export function durationMs({ duration: [seconds, nanoseconds] }: ReadableSpan): number {
  return Math.round(seconds * 1_000 + nanoseconds / 1_000_000);
}

export function hasFailed({ status }: ReadableSpan): boolean {
  return status.code === SpanStatusCode.ERROR;
}

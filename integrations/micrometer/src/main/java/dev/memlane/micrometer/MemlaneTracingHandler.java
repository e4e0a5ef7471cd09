package dev.memlane.micrometer;

import io.micrometer.observation.Observation;
import io.micrometer.tracing.Link;
import io.micrometer.tracing.Span;
import io.micrometer.tracing.Tracer;
import io.micrometer.tracing.handler.DefaultTracingObservationHandler;
import java.util.List;

/**
 * The maker of spans from the observations of {@link MemlaneObservations}. Micrometer's own handler makes the same spans,
 * except that it knows no links; this one links the span of a shared step to the spans of all whom it serves.
 *
 * <p>
 * Register it before Micrometer's handler, as the first that fits, because each makes a span of its own:
 *
 * <pre>{@code
 * registry.observationConfig().observationHandler(new ObservationHandler.FirstMatchingCompositeObservationHandler(
 *     new MemlaneTracingHandler(tracer), new DefaultTracingObservationHandler(tracer)));
 * }</pre>
 */
public final class MemlaneTracingHandler extends DefaultTracingObservationHandler {

  private static final String COUNT = "gen_ai.memory.record.count";

  public MemlaneTracingHandler(Tracer tracer) {
    super(tracer);
  }

  @Override
  public boolean supportsContext(Observation.Context context) {
    return context instanceof MemoryObservationContext;
  }

  @Override
  public void onStart(Observation.Context context) {
    List<Link> links = ((MemoryObservationContext) context).served().stream()
        .map(observation -> observation.getContext().<TracingContext>get(TracingContext.class))
        .filter(tracing -> tracing != null && tracing.getSpan() != null).map(tracing -> new Link(tracing.getSpan()))
        .toList();
    if (links.isEmpty()) {
      super.onStart(context);
      return;
    }
    Span.Builder span = getTracer().spanBuilder().setNoParent().name(String.valueOf(context.getContextualName()));
    links.forEach(span::addLink);
    getTracingContext(context).setSpan(span.start());
  }

  /** The convention wants the count as a number, and an observation holds only strings. */
  @Override
  public void tagSpan(Observation.Context context, Span span) {
    super.tagSpan(context, span);
    Integer count = ((MemoryObservationContext) context).count();
    if (count != null) {
      span.tag(COUNT, count.longValue());
    }
  }
}

package dev.memlane.model.listen;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The end of a step.
 *
 * @param start its begin
 * @param failure why it failed; null if it did not. The operation may have succeeded all the same
 * @param duration the time since the begin
 */
public record StepEnd(StepStart start, @Nullable Throwable failure, Duration duration) {}

package dev.memlane.lanes;

/**
 * A tool call of a model.
 *
 * @param id the model's own id, by which it recognises the result; not interpreted
 * @param tool the tool's name
 * @param <A> the type of the tools' arguments, for example parsed JSON
 */
public record ToolCall<A>(String id, String tool, A arguments) {}

/**
 * Facts from conversations, by a chat model: what was said is remembered as memories that are added, updated and
 * superseded, each exactly once.
 *
 * <p>
 * Enter at {@link dev.memlane.extraction.MemoryExtractor} to remember a conversation, and at
 * {@link dev.memlane.extraction.ChatModel} to add a model. {@link dev.memlane.extraction.OpenAiChatModel} speaks to most
 * servers, and {@link dev.memlane.extraction.ChatModelPool} makes one model of several endpoints.
 */
@NullMarked
package dev.memlane.extraction;

import org.jspecify.annotations.NullMarked;

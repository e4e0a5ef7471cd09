/**
 * Memlane in Spring AI: a vector store, a repository of chat messages, an advisor, tools, and Spring AI's embedding
 * models as embedders.
 *
 * <p>
 * Enter at {@link dev.memlane.spring.ai.MemlaneVectorStore}, {@link dev.memlane.spring.ai.MemlaneChatMemoryRepository},
 * {@link dev.memlane.spring.ai.MemlaneAdvisor}, {@link dev.memlane.spring.ai.MemlaneToolCallbacks} or
 * {@link dev.memlane.spring.ai.SpringAiEmbedder}. One artifact works with Spring AI 2.0 and 1.1, because it uses only
 * what both have.
 */
@NullMarked
package dev.memlane.spring.ai;

import org.jspecify.annotations.NullMarked;

/**
 * Memlane in Spring AI: a vector store, a repository of chat messages, an advisor, tools, and Spring AI's embedding
 * and chat models as Memlane's.
 *
 * <p>
 * Enter at {@link dev.memlane.spring.ai.MemlaneVectorStore}, {@link dev.memlane.spring.ai.MemlaneChatMemoryRepository},
 * {@link dev.memlane.spring.ai.MemlaneAdvisor}, {@link dev.memlane.spring.ai.MemlaneToolCallbacks},
 * {@link dev.memlane.spring.ai.SpringAiEmbedder} or {@link dev.memlane.spring.ai.SpringAiChatModel}. One artifact works with Spring AI 2.0 and 1.1, because it uses only
 * what both have.
 */
@NullMarked
package dev.memlane.spring.ai;

import org.jspecify.annotations.NullMarked;

/**
 * LangChain4j, in both directions: a memory as LangChain4j's stores, and LangChain4j's models as Memlane's.
 *
 * <p>
 * <b>A memory for LangChain4j.</b> {@link dev.memlane.langchain4j.MemlaneContentRetriever} searches it,
 * {@link dev.memlane.langchain4j.MemlaneEmbeddingStore} keeps segments and their vectors in it,
 * {@link dev.memlane.langchain4j.MemlaneChatMemory} and {@link dev.memlane.langchain4j.MemlaneChatMemoryStore} keep
 * conversations, and {@link dev.memlane.langchain4j.MemlaneTools} are its calls as tools for a model.
 *
 * <p>
 * <b>Models for Memlane.</b> {@link dev.memlane.langchain4j.LangChain4jEmbedder} and
 * {@link dev.memlane.langchain4j.LangChain4jReranker} use the embedding and scoring models that LangChain4j has, and
 * {@link dev.memlane.langchain4j.LangChain4jChatModel} its chat models, to remember conversations.
 */
@NullMarked
package dev.memlane.langchain4j;

import org.jspecify.annotations.NullMarked;

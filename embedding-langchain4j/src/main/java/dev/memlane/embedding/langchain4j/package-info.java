/**
 * LangChain4j's embedding and scoring models, as embedders and re-rankers.
 *
 * <p>
 * Enter at {@link dev.memlane.embedding.langchain4j.LangChain4jEmbedder} or
 * {@link dev.memlane.embedding.langchain4j.LangChain4jReranker}.
 */
@NullMarked
package dev.memlane.embedding.langchain4j;

import org.jspecify.annotations.NullMarked;

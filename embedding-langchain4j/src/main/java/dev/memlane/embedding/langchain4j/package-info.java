/**
 * Every embedding model that LangChain4j knows, as an embedder.
 *
 * <p>
 * Enter at {@link dev.memlane.embedding.langchain4j.LangChain4jEmbedder}.
 */
@NullMarked
package dev.memlane.embedding.langchain4j;

import org.jspecify.annotations.NullMarked;

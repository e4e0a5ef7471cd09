/** Tests with LangChain4j's own client against a test server. */
@NullMarked
package dev.memlane.embedding.langchain4j;

import org.jspecify.annotations.NullMarked;

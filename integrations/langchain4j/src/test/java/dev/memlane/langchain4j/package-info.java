/** Tests with LangChain4j itself: its contract suites, its own chat memory and filters, its client against a server. */
@NullMarked
package dev.memlane.langchain4j;

import org.jspecify.annotations.NullMarked;

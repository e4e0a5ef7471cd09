/** Tests, which run with each version of Spring AI that is supported; integrations/spring-ai-1 has the older one. */
@NullMarked
package dev.memlane.spring.ai;

import org.jspecify.annotations.NullMarked;

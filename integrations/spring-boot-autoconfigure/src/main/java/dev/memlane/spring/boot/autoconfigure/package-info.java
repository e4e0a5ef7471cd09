/**
 * Spring Boot auto-configuration: a memory and what belongs to it, as beans. The same classes serve Boot 4 and Boot 3.5;
 * what differs between the lines is in the starters.
 *
 * <p>
 * Enter at {@link dev.memlane.spring.boot.autoconfigure.MemlaneAutoConfiguration}. The properties are
 * {@link dev.memlane.spring.boot.autoconfigure.MemlaneProperties}.
 */
@NullMarked
package dev.memlane.spring.boot.autoconfigure;

import org.jspecify.annotations.NullMarked;

/**
 * What is Spring Boot 3.5's own in the auto-configuration of Memlane: the health indicator. Applications use none of these
 * classes.
 */
@NullMarked
package dev.memlane.spring.boot3.starter;

import org.jspecify.annotations.NullMarked;

/**
 * What is Spring Boot 4's own in the auto-configuration of Memlane: the health indicator. Applications use none of these
 * classes.
 */
@NullMarked
package dev.memlane.spring.boot.starter;

import org.jspecify.annotations.NullMarked;

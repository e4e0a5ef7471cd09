@NullMarked
package dev.memlane.spring.boot3.starter;

import org.jspecify.annotations.NullMarked;

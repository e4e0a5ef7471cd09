@NullMarked
package dev.memlane.spring.boot.starter;

import org.jspecify.annotations.NullMarked;

package dev.memlane.perf.tests;

import java.util.concurrent.Callable;

/**
 * One of several ways to do the same, which are measured in turns.
 *
 * @param name what does it
 * @param parameter under which condition, such as {@code 64 callers}; empty if there is only one
 * @param round does it for one round
 */
public record Contestant(String name, String parameter, Callable<Sample> round) {}

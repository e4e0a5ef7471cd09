package dev.memlane.perf.tests;

import java.util.concurrent.Callable;

/**
 * One of several ways to do the same thing, which are measured in turns.
 *
 * @param name the way
 * @param parameter the condition, such as {@code 64 callers}; empty if there is only one
 * @param round runs it for one round
 */
public record Contestant(String name, String parameter, Callable<Sample> round) {}

package dev.memlane.perf.tests;

import java.util.List;

/** The scenarios that there are, in the order in which they are run. */
final class Scenarios {

  static final List<Scenario> ALL = List.of();

  private Scenarios() {}
}

package dev.memlane.perf.tests;

/** A scenario that does what a test wants. */
record MadeUpScenario(String name, Way way) implements Scenario {

  interface Way {
    void run(Bench bench) throws Exception;
  }

  @Override
  public String title() {
    return "what " + name + " compares";
  }

  @Override
  public void run(Bench bench) throws Exception {
    way.run(bench);
  }
}

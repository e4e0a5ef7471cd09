package dev.memlane.perf.tests;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of a scenario, for the report.
 *
 * @param name the scenario's name
 * @param title what was compared with what
 * @param seconds how long the scenario took
 * @param measures every metric of every contestant
 * @param verdicts the figures that have a bar
 * @param notes further remarks
 * @param failure why the scenario failed; null if it did not
 */
public record Finding(String name, String title, double seconds, List<Measure> measures, List<Verdict> verdicts,
    List<Plot> plots, List<String> notes, @Nullable String failure) {

  public Finding {
    measures = List.copyOf(measures);
    verdicts = List.copyOf(verdicts);
    plots = List.copyOf(plots);
    notes = List.copyOf(notes);
  }
}

package dev.memlane.perf.tests;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a scenario found, as it is reported.
 *
 * @param name the scenario's
 * @param title what was compared with what
 * @param seconds how long it took
 * @param measures every metric of every contestant
 * @param verdicts the figures that have a bar
 * @param notes what else there is to say
 * @param failure why it came to no end; null if it did
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

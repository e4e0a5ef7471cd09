package dev.memlane.perf.tests.kill;

import dev.memlane.model.MemoryId;
import dev.memlane.perf.tests.kill.Checker.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The files about a round in which a promise was broken, for the person who investigates it. */
final class Evidence {

  private static final int MOST_MEMORIES = 200;

  private Evidence() {}

  /**
   * Writes the broken promises and, for every memory concerned, its requests, answers and stored rows.
   *
   * @param folder is created
   */
  static void write(Path folder, List<Problem> problems, List<Attempt> attempts, StoredRows stored)
      throws IOException {
    Files.createDirectories(folder);
    Files.write(folder.resolve("problems.txt"), problems.stream().map(Problem::toString).toList());
    Set<MemoryId> memories = new LinkedHashSet<>();
    for (Problem problem : problems) {
      if (problem.memory() != null) {
        memories.add(problem.memory());
      }
    }
    for (MemoryId memory : memories.stream().limit(MOST_MEMORIES).toList()) {
      List<String> lines = new ArrayList<>();
      problems.stream().filter(problem -> memory.equals(problem.memory()))
          .forEach(problem -> lines.add(problem.text()));
      lines.add("");
      attempts.stream().filter(attempt -> memory.equals(attempt.memory))
          .forEach(attempt -> lines.add(attempt.toString()));
      lines.add("");
      lines.addAll(stored.describe(memory));
      Files.write(folder.resolve(memory + ".txt"), lines);
    }
  }
}

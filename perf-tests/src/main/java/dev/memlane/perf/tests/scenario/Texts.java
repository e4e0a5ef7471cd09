package dev.memlane.perf.tests.scenario;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Distinct texts of 5 to 60 words as people and assistants say them: pieces of the example conversations, combined at
 * random. The same seed gives the same texts.
 */
final class Texts {

  private static final int FEWEST_WORDS = 5;
  private static final int MOST_WORDS = 60;
  private static final int SHORTEST_PIECE = 4;
  private static final int LONGEST_PIECE = 14;

  private Texts() {}

  /** Generates this many texts. */
  static List<String> of(int count, long seed) throws IOException {
    List<String> words = words(Path.of("examples"));
    Random random = new Random(seed);
    Set<String> texts = new LinkedHashSet<>();
    while (texts.size() < count) {
      texts.add(text(words, random));
    }
    return List.copyOf(texts);
  }

  private static String text(List<String> words, Random random) {
    int length = random.nextInt(FEWEST_WORDS, MOST_WORDS + 1);
    List<String> text = new ArrayList<>();
    while (text.size() < length) {
      int piece = Math.min(length - text.size(), random.nextInt(SHORTEST_PIECE, LONGEST_PIECE + 1));
      int from = random.nextInt(words.size() - piece);
      text.addAll(words.subList(from, from + piece));
    }
    return String.join(" ", text);
  }

  private static List<String> words(Path examples) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    List<String> words = new ArrayList<>();
    List<Path> files;
    try (Stream<Path> found = Files.list(examples)) {
      files = found.filter(file -> file.toString().endsWith(".jsonl")).sorted().toList();
    }
    for (Path file : files) {
      for (String line : Files.readAllLines(file)) {
        words.addAll(List.of(mapper.readTree(line).path("content").asText().strip().split("\\s+", -1)));
      }
    }
    return words;
  }
}

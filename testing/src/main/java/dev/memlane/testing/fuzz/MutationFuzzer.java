package dev.memlane.testing.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Feeds a parser with its seeds and with random mutations of them. The same seed makes the same inputs on every
 * machine. A failure names the seed and the input.
 *
 * <p>
 * {@code -Dmemlane.fuzz.seed=SEED} and {@code -Dmemlane.fuzz.inputs=NUMBER} change what a test runs.
 */
public final class MutationFuzzer {

  private static final long SEED = Long.getLong("memlane.fuzz.seed", 1);
  private static final Integer INPUTS = Integer.getInteger("memlane.fuzz.inputs");
  private static final int LONGEST_INPUT = 1 << 14;
  private static final int MOST_MUTATIONS = 6;
  private static final int LONGEST_SHOWN = 2_000;
  private static final List<String> NUMBERS = List.of("0", "-0", "-1", "1e999", "1e-999", "9007199254740993",
      "2147483648", "-9223372036854775808", "99999999999999999999", "0.1");

  private final FuzzTarget target;
  private final Random random;
  private final List<byte[]> corpus;
  private final List<byte[]> words = new ArrayList<>();

  private MutationFuzzer(FuzzTarget target, long seed) {
    this.target = target;
    this.random = new Random(seed);
    this.corpus = target.seeds();
    target.words().forEach(word -> words.add(word.getBytes(StandardCharsets.UTF_8)));
    NUMBERS.forEach(number -> words.add(number.getBytes(StandardCharsets.UTF_8)));
  }

  /**
   * Checks the seeds of a target and then this many mutations of them, and closes the target.
   *
   * @throws AssertionError if a promise is broken
   */
  public static void run(FuzzTarget target, int mutations) {
    try (target) {
      MutationFuzzer fuzzer = new MutationFuzzer(target, SEED);
      for (int i = 0; i < fuzzer.corpus.size(); i++) {
        fuzzer.check("seed " + i, fuzzer.corpus.get(i));
      }
      int inputs = INPUTS == null ? mutations : INPUTS;
      for (int i = 0; i < inputs; i++) {
        fuzzer.check("mutation " + i, fuzzer.next());
      }
    }
  }

  private void check(String name, byte[] input) {
    try {
      target.check(input);
    } catch (Exception | Error e) {
      throw new AssertionError("the parser \"" + target.name() + "\" breaks a promise at " + name
          + " of -Dmemlane.fuzz.seed=" + SEED + ": " + e + "\nthe input: " + shown(input), e);
    }
  }

  private byte[] next() {
    byte[] input = pick(corpus);
    for (int count = 1 + random.nextInt(MOST_MUTATIONS); count > 0; count--) {
      input = mutate(input);
    }
    return input.length <= LONGEST_INPUT ? input : Arrays.copyOf(input, LONGEST_INPUT);
  }

  private byte[] mutate(byte[] input) {
    int from = random.nextInt(input.length + 1);
    int to = Math.min(input.length, from + 1 + random.nextInt(1 + random.nextInt(64)));
    return switch (random.nextInt(8)) {
      // A part is left out, or everything from here.
      case 0 -> spliced(input, from, to, new byte[0]);
      case 1 -> random.nextInt(4) == 0 ? Arrays.copyOf(input, from) : spliced(input, from, to, new byte[0]);
      // A part is repeated, once or so often that it nests or gets long.
      case 2 -> spliced(input, from, from, repeated(Arrays.copyOfRange(input, from, to),
          random.nextInt(8) == 0 ? 2 + random.nextInt(1_500) : 1));
      // A bit, a byte, or several.
      case 3 -> changed(input, from, (byte) (1 << random.nextInt(8)));
      case 4 -> spliced(input, from, from + (from < to ? 1 : 0), new byte[]{(byte) random.nextInt(256)});
      // A part of another seed.
      case 5 -> {
        byte[] other = pick(corpus);
        int begin = random.nextInt(other.length + 1);
        yield spliced(input, from, random.nextBoolean() ? to : from,
            Arrays.copyOfRange(other, begin, Math.min(other.length, begin + random.nextInt(200))));
      }
      default -> spliced(input, from, random.nextInt(3) == 0 ? to : from, pick(words));
    };
  }

  private byte[] pick(List<byte[]> list) {
    return list.get(random.nextInt(list.size()));
  }

  private static byte[] changed(byte[] input, int position, byte bits) {
    byte[] copy = input.clone();
    if (position < copy.length) {
      copy[position] ^= bits;
    }
    return copy;
  }

  private static byte[] repeated(byte[] part, int times) {
    byte[] all = new byte[Math.min(LONGEST_INPUT, part.length * times)];
    for (int i = 0; i < all.length; i++) {
      all[i] = part[i % part.length];
    }
    return all;
  }

  /** Puts bytes in the place of a part. */
  private static byte[] spliced(byte[] input, int from, int to, byte[] middle) {
    byte[] result = new byte[from + middle.length + input.length - to];
    System.arraycopy(input, 0, result, 0, from);
    System.arraycopy(middle, 0, result, from, middle.length);
    System.arraycopy(input, to, result, from + middle.length, input.length - to);
    return result;
  }

  /** The input as a Java text of bytes. */
  private static String shown(byte[] input) {
    StringBuilder shown = new StringBuilder();
    for (byte b : input) {
      shown.append(
          b >= ' ' && b < 127 && b != '\\' ? String.valueOf((char) b) : String.format(Locale.ROOT, "\\x%02x", b));
      if (shown.length() > LONGEST_SHOWN) {
        return shown + "... (" + input.length + " bytes)";
      }
    }
    return shown.toString();
  }
}

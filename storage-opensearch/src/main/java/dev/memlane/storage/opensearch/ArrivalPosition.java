package dev.memlane.storage.opensearch;

import dev.memlane.model.ExpiredCursorException;
import dev.memlane.model.InvalidInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/**
 * A position in the arrivals: for each shard the number of the last operation before it. Written as
 * {@code history:number}, shard after shard, separated by commas.
 *
 * @param histories the identity of each shard's history
 * @param numbers the number of the last operation of each shard; -1 for the beginning
 */
record ArrivalPosition(List<String> histories, List<Long> numbers) {

  ArrivalPosition {
    histories = List.copyOf(histories);
    numbers = List.copyOf(numbers);
  }

  /** The beginning of an index. */
  static ArrivalPosition beginning(ArrivalPosition other) {
    return new ArrivalPosition(other.histories, other.numbers.stream().map(number -> -1L).toList());
  }

  /** The end of what is settled. */
  static ArrivalPosition settled(Map<Integer, ShardStates.Shard> shards) {
    return new ArrivalPosition(shards.values().stream().map(ShardStates.Shard::history).toList(),
        shards.values().stream().map(ShardStates.Shard::settled).toList());
  }

  /** @throws InvalidInputException if the text is no position */
  static ArrivalPosition parse(String text) {
    List<String> histories = new ArrayList<>();
    List<Long> numbers = new ArrayList<>();
    try {
      for (String shard : text.split(",", -1)) {
        int colon = shard.lastIndexOf(':');
        histories.add(shard.substring(0, colon));
        numbers.add(Long.parseLong(shard, colon + 1, shard.length(), 10));
      }
    } catch (IndexOutOfBoundsException | NumberFormatException e) {
      throw new InvalidInputException("this is no position in the arrivals of an index on OpenSearch", e);
    }
    return new ArrivalPosition(histories, numbers);
  }

  /** @throws ExpiredCursorException if the other is a position in another history */
  void requireSameHistory(ArrivalPosition other, String index) {
    if (!histories.equals(other.histories)) {
      throw new ExpiredCursorException("the index \"" + index
          + "\" on OpenSearch was made anew or restored since; compare everything, and begin at its present end");
    }
  }

  ArrivalPosition with(int shard, long number) {
    List<Long> changed = new ArrayList<>(numbers);
    changed.set(shard, number);
    return new ArrivalPosition(histories, changed);
  }

  /** The first shard that has operations between this position and another one; -1 if none has. */
  int firstBefore(ArrivalPosition until) {
    for (int i = 0; i < numbers.size(); i++) {
      if (numbers.get(i) < until.numbers.get(i)) {
        return i;
      }
    }
    return -1;
  }

  @Override
  public String toString() {
    StringJoiner text = new StringJoiner(",");
    for (int i = 0; i < histories.size(); i++) {
      text.add(histories.get(i) + ":" + numbers.get(i));
    }
    return text.toString();
  }
}

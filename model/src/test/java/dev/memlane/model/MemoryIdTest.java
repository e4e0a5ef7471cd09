package dev.memlane.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ids of memories. Stored data depends on their derivation and order, so neither may ever change. */
class MemoryIdTest {

  @Test
  void derive_sameScopeAndKey_neverChanges() {
    assertThat(MemoryId.derive(Scope.user("ada"), "oboe"))
        .hasToString("f1cdaa67-f064-8fdb-9259-f44dac0cec59");
    assertThat(MemoryId.derive(new Scope("ada", "helper", "r\u00FCn"), "k"))
        .hasToString("6f35574b-fa73-81f3-88b9-37605b442903");
  }

  @Test
  void derive_sameCharactersSplitDifferently_isAnotherId() {
    assertThat(MemoryId.derive(Scope.user("ab"), "c")).isNotEqualTo(MemoryId.derive(Scope.user("a"), "bc"));
    assertThat(MemoryId.derive(Scope.user("a").withAgent("bc"), "k"))
        .isNotEqualTo(MemoryId.derive(Scope.user("ab").withAgent("c"), "k"));
  }

  @Test
  void derive_sameValueInAnotherField_isAnotherId() {
    assertThat(MemoryId.derive(Scope.user("a"), "k")).isNotEqualTo(MemoryId.derive(Scope.agent("a"), "k"))
        .isNotEqualTo(MemoryId.derive(Scope.run("a"), "k"));
    assertThat(MemoryId.derive(Scope.agent("a"), "k")).isNotEqualTo(MemoryId.derive(Scope.run("a"), "k"));
  }

  @Test
  void derive_anyKey_isUuidVersion8OfTheIetfVariant() {
    for (int i = 0; i < 200; i++) {
      UUID value = MemoryId.derive(Scope.user("ada"), "key " + i).value();
      assertThat(value.version()).isEqualTo(8);
      assertThat(value.variant()).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void compareTo_randomIds_isTheUnsignedOrderOfTheirBytes(long seed) {
    Random random = new Random(seed);
    for (int i = 0; i < 1_000; i++) {
      long high = random.nextLong();
      MemoryId a = new MemoryId(new UUID(high, random.nextLong()));
      MemoryId b = new MemoryId(new UUID(random.nextBoolean() ? high : random.nextLong(), random.nextLong()));
      assertThat(Integer.signum(a.compareTo(b))).as("%s and %s of seed %d", a, b, seed)
          .isEqualTo(Integer.signum(Arrays.compareUnsigned(bytes(a), bytes(b))));
      assertThat(a.compareTo(new MemoryId(a.value()))).isZero();
    }
  }

  @Test
  void parse_textFormOfAnId_isTheSameId() {
    MemoryId id = MemoryId.derive(Scope.user("ada"), "oboe");

    assertThat(MemoryId.parse(id.toString())).isEqualTo(id);
    assertThat(MemoryId.parse("F1CDAA67-F064-8FDB-9259-F44DAC0CEC59")).isEqualTo(id);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "oboe", "1-2-3-4-5", "f1cdaa67-f064-8fdb-9259-f44dac0cec5",
      "f1cdaa67f0648fdb9259f44dac0cec59"})
  void parse_anotherText_isRefusedWithTheTextAndAnExample(String text) {
    assertThatExceptionOfType(InvalidInputException.class).isThrownBy(() -> MemoryId.parse(text))
        .withMessageContaining("\"" + text + "\"").withMessageContaining("an id looks like");
  }

  @Test
  void contentHash_ofActorAndContent_neverChanges() {
    assertThat(ContentHash.of("Ada", "plays the oboe").value())
        .isEqualTo(UUID.fromString("03ba8aa4-330c-f462-b29d-bdf0214e65d3"))
        .isEqualTo(ContentHash.of(null, "Ada: plays the oboe").value())
        .isNotEqualTo(ContentHash.of(null, "plays the oboe").value());
  }

  private static byte[] bytes(MemoryId id) {
    return ByteBuffer.allocate(16).putLong(id.value().getMostSignificantBits())
        .putLong(id.value().getLeastSignificantBits()).array();
  }
}

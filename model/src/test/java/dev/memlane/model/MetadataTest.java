package dev.memlane.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The values that a JSON library returns, read as metadata. */
class MetadataTest {

  @Test
  void fromJson_whatToMapGives_isTheSameMetadata() {
    Metadata metadata = Metadata
        .of(Map.of("text", "a", "whole", 7, "real", 0.5, "flag", true, "list", List.of("b", 2)));

    assertThat(Metadata.fromJson(metadata.toMap())).isEqualTo(metadata);
  }

  @Test
  void fromJson_numbersOfAnyClass_areKeptAsLongOrDouble() {
    assertThat(number(7)).isEqualTo(7L);
    assertThat(number(1L << 53)).isEqualTo(1L << 53);
    assertThat(number(BigInteger.TWO.pow(53).negate())).isEqualTo(-(1L << 53));
    assertThat(number(0.5f)).isEqualTo(0.5);
    assertThat(number(new BigDecimal("0.1"))).isEqualTo(0.1);
  }

  /** PostgreSQL writes a large double like this. */
  @Test
  void fromJson_largeWholeNumberThatIsExactlyADouble_isThatDouble() {
    assertThat(number(100_000_000_000_000_000L)).isEqualTo(1e17);
    assertThat(number(new BigInteger("1" + "0".repeat(19)))).isEqualTo(1e19);
  }

  @Test
  void fromJson_numberThatWouldLoseDigits_isRefused() {
    refused(Map.of("a", (1L << 53) + 1), "\"a\"", "loses digits", "2^53");
    refused(Map.of("a", BigInteger.TEN.pow(400)), "\"a\"", "loses digits");
    refused(Map.of("a", Double.POSITIVE_INFINITY), "\"a\"", "finite");
  }

  @Test
  void fromJson_longKey_isRefusedInAShortMessage() {
    assertThatExceptionOfType(InvalidInputException.class)
        .isThrownBy(() -> Metadata.fromJson(Map.of("k".repeat(10_000), Map.of())))
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(500));
  }

  @Test
  void fromJson_whatIsNoValueOfMetadata_isRefused() {
    refused(null, "JSON object");
    refused(List.of(1), "JSON object");
    refused("text", "JSON object");
    refused(Map.of("a", Map.of("b", 1)), "\"a\" is an object");
    refused(Map.of("a", List.of(List.of(1))), "\"a\" holds a list");
    refused(Collections.singletonMap("a", null), "\"a\" is null", "leave the key out");
    refused(Map.of("a", Arrays.asList("b", null)), "\"a\" is null");
  }

  private static @Nullable Object number(Number number) {
    return Metadata.fromJson(Map.of("n", number)).get("n");
  }

  private static void refused(@Nullable Object json, String... named) {
    assertThatExceptionOfType(InvalidInputException.class).isThrownBy(() -> Metadata.fromJson(json))
        .satisfies(e -> assertThat(e.getMessage()).contains(named));
  }
}

package dev.memlane.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.document.Metadata;
import dev.memlane.model.InvalidInputException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class MetadataCodecTest {

  @Test
  void values_ofEveryClass_comeBackWithTheirClass() {
    Metadata metadata = new Metadata().put("text", "a").put("empty", "").put("uuid", new UUID(1, 2)).put("int", 7)
        .put("intMin", Integer.MIN_VALUE).put("long", 7L).put("longMax", Long.MAX_VALUE).put("longMin", Long.MIN_VALUE)
        .put("odd", (1L << 53) + 1).put("float", 1.23f).put("floatWhole", 2f).put("floatMin", Float.MIN_VALUE)
        .put("floatMax", Float.MAX_VALUE).put("double", 1.23).put("doubleWhole", 2d).put("doubleMin", Double.MIN_VALUE)
        .put("doubleMax", Double.MAX_VALUE).put("a:b", 1L << 60);

    assertThat(MetadataCodec.decode(MetadataCodec.encode(metadata, true))).isEqualTo(metadata);
  }

  @Test
  void values_areWhatOtherDoorsExpect() {
    dev.memlane.model.Metadata encoded = MetadataCodec.encode(new Metadata().put("page", 7).put("rate", 1.23f), true);

    assertThat(encoded.get("page")).isEqualTo(7L);
    assertThat(encoded.get("rate")).isEqualTo(1.23);
    assertThat(MetadataCodec.encode(new Metadata().put("text", "a").put("long", 7L), true).size()).isEqualTo(2);
  }

  @Test
  void decode_ofWhatOtherDoorsStored_hasTheDocumentedForm() {
    Metadata decoded = MetadataCodec.decode(dev.memlane.model.Metadata.of(
        Map.of("flag", true, "tags", List.of("a", "say \"b\"", 1L, 2.5, false), "number", 7, "empty", List.of())));

    assertThat(decoded.toMap()).isEqualTo(
        Map.of("flag", "true", "tags", "[\"a\",\"say \\\"b\\\"\",1,2.5,false]", "number", 7L, "empty", "[]"));
  }

  @Test
  void decode_ofNotesThatNoLongerFit_keepsTheValues() {
    Metadata decoded = MetadataCodec.decode(dev.memlane.model.Metadata.of(Map.of("a", "no uuid", "b", "text", "c", 1.5,
        MetadataCodec.NOTES,
        List.of("uuid:a", "integer:b", "integer:gone", "long:12:c", "long:x:c", "long", "new:a"))));

    assertThat(decoded.toMap()).isEqualTo(Map.of("a", "no uuid", "b", "text", "c", 1.5));
  }

  @Test
  void encode_ofTheReservedKeyOrANumberThatIsNone_isRefused() {
    assertThatThrownBy(() -> MetadataCodec.encode(new Metadata().put(MetadataCodec.NOTES, "a"), true))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("reserved");
    assertThatThrownBy(() -> MetadataCodec.encode(new Metadata().put("key", Double.NaN), true))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("finite");
  }
}

package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemorySelection;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoredMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A process that only reads, beside one that writes. */
@Tag("programs")
class MemoryReaderTest {

  private static final Scope ADA = Scope.user("ada");

  private String jdbcUrl;

  @BeforeEach
  void createDatabase() {
    jdbcUrl = TestMemory.freshDatabase();
  }

  @Test
  void divisions_togetherHaveWhatAWriterStored_withoutWhatItDeleted() {
    List<NewMemory> memories = IntStream.range(0, 300)
        .mapToObj(i -> NewMemory.builder("fact " + i, ADA).key("key " + i).build()).toList();
    try (MemoryWriter writer = MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).embedder(new HashEmbedder())
        .openWriter(); MemoryReader reader = reader()) {
      writer.addMemories(memories).join();
      writer.deleteMemory(MemoryDeletion.of(MemoryId.derive(ADA, "key 7"))).join();

      List<String> contents = new ArrayList<>();
      List<MemorySelection> ranges = reader.divide(5).join();
      for (MemorySelection range : ranges) {
        List<StoredMemory> page = reader.page(range.in(ADA).withVectors(new HashEmbedder().model()), null, 300).join();
        page.forEach(memory -> contents.add(memory.memory().content()));
        assertThat(page).isNotEmpty().allMatch(memory -> memory.embedding() != null);
      }
      assertThat(ranges).hasSize(5);
      assertThat(contents).hasSize(299).doesNotHaveDuplicates().doesNotContain("fact 7");
      assertThat(reader.models().join()).containsExactly(new HashEmbedder().model());
    }
  }

  @Test
  void reader_needsADatabaseAlone_andRefusesWhatIsOutOfRange() {
    assertThatThrownBy(() -> MemoryOrchestrator.builder().openReader()).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("postgres(...)");
    try (MemoryReader reader = reader()) {
      assertThat(reader.divide(3).join()).containsExactly(MemorySelection.all());
      assertThat(reader.page(MemorySelection.all(), null, 10).join()).isEmpty();
      assertThatThrownBy(() -> reader.divide(0)).isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("from 1 to 10000");
      assertThatThrownBy(() -> reader.page(MemorySelection.all(), null, 10_001))
          .isInstanceOf(InvalidInputException.class).hasMessageContaining("from 1 to 10000");
      assertThat(reader).hasToString("MemoryReader over Database[memlane-memlane]");
    }
    List<MemoryId> tooMany = IntStream.rangeClosed(0, MemorySelection.MOST_IDS)
        .mapToObj(i -> MemoryId.derive(ADA, "key " + i)).toList();
    assertThatThrownBy(() -> MemorySelection.all().among(tooMany)).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("10000");
  }

  private MemoryReader reader() {
    return MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).poolSize(4).openReader();
  }
}

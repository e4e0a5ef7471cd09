package dev.memlane.storage.vector;

import dev.memlane.model.ActorName;
import dev.memlane.model.ContentHash;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.TimePosition;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexHits.Traits;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.Field.Store;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.document.LongField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.Term;
import org.apache.lucene.util.BytesRef;
import org.jspecify.annotations.Nullable;

/**
 * The fields of Lucene documents. A document is one state of a memory; none of its fields stores a text.
 */
final class DocumentFields {

  /** The memory's id, 16 bytes. */
  static final String MEMORY = "memory";
  /** The memory's id and the operation's, 32 bytes: the document's name, sorted as memory ids are. */
  static final String DOCUMENT = "document";
  /**
   * Doc values: the memory's id, the operation's id, the content's hash, the run's hash, the memory's time and its time
   * of acceptance, both in microseconds; 80 bytes. With {@link IndexFormat#WITH_TRAITS}, a byte that says whether the
   * content is a question, and the words of the actor's name.
   */
  static final String HIT = "hit";
  static final String USER = "user";
  static final String AGENT = "agent";
  static final String RUN = "run";
  /** The identity of a run: a hash of its memories' scope, 16 bytes; absent if the scope names no run. */
  static final String SEQUENCE = "sequence";
  /** The keys of the actor's name: see {@link ActorName#keys}; only {@link ActorName#NOBODY} if the memory has no actor. */
  static final String ACTOR = "actor";
  /** The time of the event that the memory describes, in microseconds; absent if it is not known. */
  static final String OCCURRED = "occurred";
  /** See {@link MetadataTerms}. */
  static final String METADATA = "metadata";
  /** The searchable text's words: see {@link Words}. */
  static final String TEXT = "text";
  /** See {@link StoredVectors}. */
  static final String VECTOR = "vector";

  static final int UUID_BYTES = 16;
  static final int NAME_BYTES = 2 * UUID_BYTES;
  private static final int SEQUENCE_AT = 3 * UUID_BYTES;
  private static final int TIME_AT = 4 * UUID_BYTES;
  private static final int ACCEPTED_AT = TIME_AT + Long.BYTES;
  private static final int HIT_BYTES = ACCEPTED_AT + Long.BYTES;
  private static final int TRAITS_AT = HIT_BYTES + 1;
  private static final UUID NO_RUN = new UUID(0, 0);

  private static final FieldType ANALYSED = new FieldType();
  static {
    ANALYSED.setTokenized(true);
    // No positions, because words are searched one by one, never as phrases.
    ANALYSED.setIndexOptions(IndexOptions.DOCS_AND_FREQS);
    ANALYSED.freeze();
  }

  private DocumentFields() {}

  static Document of(IndexDocument source, Words words, IndexIdentity identity) {
    IndexFormat format = identity.format();
    Memory memory = source.memory();
    Document document = new Document();
    String actor = memory.actor();
    ActorName name = actor == null || format == IndexFormat.WITHOUT_TRAITS ? null : ActorName.of(actor);
    document.add(new StringField(MEMORY, memoryBytes(memory.id()), Store.NO));
    document.add(new StringField(DOCUMENT, nameBytes(source.name()), Store.NO));
    UUID sequence = sequence(memory.scope());
    BytesRef hit = bytes(HIT_BYTES, memory.id().value(), memory.op().value(), memory.contentHash().value(), sequence);
    ByteBuffer.wrap(hit.bytes).putLong(TIME_AT, micros(TimePosition.of(memory).time()))
        .putLong(ACCEPTED_AT, micros(memory.createdAt()));
    if (format == IndexFormat.WITH_TRAITS) {
      hit = withTraits(hit, memory, name);
      List<String> keys = name == null ? List.of(ActorName.NOBODY) : name.keys();
      keys.forEach(key -> document.add(new StringField(ACTOR, key, Store.NO)));
    }
    document.add(new BinaryDocValuesField(HIT, hit));
    if (!sequence.equals(NO_RUN)) {
      document.add(new StringField(SEQUENCE, bytes(UUID_BYTES, sequence), Store.NO));
    }
    addExact(document, USER, memory.scope().user());
    addExact(document, AGENT, memory.scope().agent());
    addExact(document, RUN, memory.scope().run());
    if (memory.occurredAt() != null) {
      document.add(new LongField(OCCURRED, micros(memory.occurredAt()), Store.NO));
    }
    for (BytesRef term : MetadataTerms.of(memory.metadata())) {
      document.add(new StringField(METADATA, term, Store.NO));
    }
    document.add(new Field(TEXT, words.stream(memory.searchableText()), ANALYSED));
    document.add(identity.storedVectors().field(DocumentValues.unit(source.embedding().vector())));
    return document;
  }

  private static BytesRef withTraits(BytesRef hit, Memory memory, @Nullable ActorName name) {
    byte[] actor = name == null ? new byte[0] : name.words().getBytes(StandardCharsets.UTF_8);
    byte[] all = Arrays.copyOf(hit.bytes, TRAITS_AT + actor.length);
    all[HIT_BYTES] = (byte) (DocumentValues.isQuestion(memory.content()) ? 1 : 0);
    System.arraycopy(actor, 0, all, TRAITS_AT, actor.length);
    return new BytesRef(all);
  }

  private static UUID sequence(Scope scope) {
    UUID run = DocumentValues.run(scope);
    return run == null ? NO_RUN : run;
  }

  static long micros(Instant time) {
    return DocumentValues.micros(time);
  }

  /** Reads the value of {@link #SEQUENCE} from that of {@link #HIT}; null if the memory is in no run. */
  static @Nullable BytesRef sequence(BytesRef hit) {
    BytesRef sequence = new BytesRef(hit.bytes, hit.offset + SEQUENCE_AT, UUID_BYTES);
    return sequence.equals(bytes(UUID_BYTES, NO_RUN)) ? null : BytesRef.deepCopyOf(sequence);
  }

  /** Reads the memory and its times from the value of {@link #HIT}. */
  static Moment moment(BytesRef hit) {
    ByteBuffer buffer = ByteBuffer.wrap(hit.bytes, hit.offset, hit.length);
    MemoryId memory = new MemoryId(uuid(buffer));
    return new Moment(buffer.getLong(hit.offset + TIME_AT), buffer.getLong(hit.offset + ACCEPTED_AT), memory);
  }

  /**
   * A memory's position in its run, in the order of {@link TimePosition}.
   *
   * @param time in microseconds
   * @param accepted in microseconds
   */
  record Moment(long time, long accepted, MemoryId memory) {

    static final Comparator<Moment> ORDER = Comparator.comparingLong(Moment::time).thenComparingLong(Moment::accepted)
        .thenComparing(Moment::memory);
  }

  static Term memoryTerm(MemoryId memory) {
    return new Term(MEMORY, memoryBytes(memory));
  }

  static Term documentTerm(DocumentName name) {
    return new Term(DOCUMENT, nameBytes(name));
  }

  static BytesRef memoryBytes(MemoryId memory) {
    return bytes(UUID_BYTES, memory.value());
  }

  /** Reads the value of {@link #DOCUMENT}. */
  static DocumentName name(BytesRef bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes.bytes, bytes.offset, bytes.length);
    return new DocumentName(new MemoryId(uuid(buffer)), new OperationId(uuid(buffer)));
  }

  /**
   * Reads the value of {@link #HIT}.
   *
   * @param words how many words the document has
   */
  static IndexHit hit(BytesRef bytes, float score, int words) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes.bytes, bytes.offset, bytes.length);
    DocumentName name = new DocumentName(new MemoryId(uuid(buffer)), new OperationId(uuid(buffer)));
    ContentHash hash = new ContentHash(uuid(buffer));
    UUID run = uuid(buffer);
    Instant time = Instant.EPOCH.plus(buffer.getLong(bytes.offset + TIME_AT), ChronoUnit.MICROS);
    int named = bytes.length - TRAITS_AT;
    Traits traits = new Traits(
        named <= 0 ? null : new String(bytes.bytes, bytes.offset + TRAITS_AT, named, StandardCharsets.UTF_8),
        run.equals(NO_RUN) ? null : run, words, named >= 0 && bytes.bytes[bytes.offset + HIT_BYTES] == 1);
    return new IndexHit(name, hash, time, score, traits);
  }

  /** Whether a value of {@link #HIT} belongs to the document of this name. */
  static boolean isNamed(BytesRef hit, BytesRef nameBytes) {
    return new BytesRef(hit.bytes, hit.offset, NAME_BYTES).equals(nameBytes);
  }

  private static void addExact(Document document, String field, @Nullable String value) {
    if (value != null) {
      document.add(new StringField(field, value, Store.NO));
    }
  }

  static BytesRef nameBytes(DocumentName name) {
    return bytes(NAME_BYTES, name.memory().value(), name.op().value());
  }

  private static BytesRef bytes(int length, UUID... values) {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    for (UUID value : values) {
      buffer.putLong(value.getMostSignificantBits()).putLong(value.getLeastSignificantBits());
    }
    return new BytesRef(buffer.array());
  }

  private static UUID uuid(ByteBuffer buffer) {
    return new UUID(buffer.getLong(), buffer.getLong());
  }
}

package dev.memlane.storage.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field.Store;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NoMergePolicy;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.MatchAllDocsQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.Weight;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.apache.lucene.store.Directory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScopeSegmentTest {

  private static final int SCOPES = 4;
  private static final int WORDS = 8;

  /** A document of the test: the scope it is in and its words, where word n is in one of n + 1 documents. */
  private record Written(int number, int scope, List<Integer> words) {}

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void count_ofAnyScopeAndWord_isThatOfTheDocumentsThatAreLeft(long seed) throws IOException {
    Random random = new Random(seed);
    try (Directory directory = new ByteBuffersDirectory()) {
      List<Written> left = new ArrayList<>();
      try (IndexWriter writer = new IndexWriter(directory,
          new IndexWriterConfig(new WhitespaceAnalyzer()).setMergePolicy(NoMergePolicy.INSTANCE))) {
        for (int i = 0; i < 500; i++) {
          Written written = written(i, random);
          writer.addDocument(document(written));
          left.add(written);
        }
        writer.commit();
        // The first seed removes nothing, the last nearly everything.
        for (int i = 0; i < (seed - 1) * 120; i++) {
          int number = random.nextInt(500);
          writer.deleteDocuments(new Term("number", Integer.toString(number)));
          left.removeIf(written -> written.number() == number);
        }
      }
      try (DirectoryReader reader = DirectoryReader.open(directory)) {
        for (int scopes = 0; scopes <= SCOPES; scopes++) {
          int below = scopes;
          List<Written> members = left.stream().filter(written -> written.scope() < below).toList();
          Query scope = scopes == SCOPES ? MatchAllDocsQuery.INSTANCE : scopes(below);
          assertCounts(reader, scope, members);
        }
      }
    }
  }

  private static void assertCounts(DirectoryReader reader, Query scope, List<Written> members) throws IOException {
    IndexSearcher searcher = new IndexSearcher(reader);
    Weight weight = searcher.createWeight(searcher.rewrite(scope), ScoreMode.COMPLETE_NO_SCORES, 1);
    LeafReaderContext leaf = reader.leaves().getFirst();
    ScopeSegment segment = ScopeSegment.read(leaf, weight);
    assertThat(segment.size()).isEqualTo(members.size());
    for (int i = 0; i < WORDS; i++) {
      int word = i;
      assertThat(segment.count(leaf.reader(), new Term(DocumentFields.TEXT, "w" + word)))
          .as("word %s in %s", word, scope)
          .isEqualTo((int) members.stream().filter(written -> written.words().contains(word)).count());
    }
    assertThat(segment.count(leaf.reader(), new Term(DocumentFields.TEXT, "unknown"))).isZero();
  }

  private static Written written(int number, Random random) {
    List<Integer> words = new ArrayList<>();
    for (int word = 0; word < WORDS; word++) {
      if (random.nextInt(word + 1) == 0) {
        words.add(word);
      }
    }
    // The first scope has most documents.
    return new Written(number, random.nextInt(4) > 0 ? 0 : random.nextInt(SCOPES), words);
  }

  private static Document document(Written written) {
    StringBuilder text = new StringBuilder();
    written.words().forEach(word -> text.append('w').append(word).append(' '));
    Document document = new Document();
    document.add(new StringField("number", Integer.toString(written.number()), Store.NO));
    document.add(new StringField("scope", Integer.toString(written.scope()), Store.NO));
    document.add(new TextField(DocumentFields.TEXT, text.toString(), Store.NO));
    return document;
  }

  private static Query scopes(int below) {
    BooleanQuery.Builder any = new BooleanQuery.Builder();
    for (int scope = 0; scope < below; scope++) {
      any.add(new TermQuery(new Term("scope", Integer.toString(scope))), Occur.SHOULD);
    }
    return any.build();
  }
}

package dev.memlane.model;

import java.util.List;

/**
 * What the index found, before core is asked.
 *
 * @param semantic by meaning, nearest first; scores are (1 + cosine) / 2, in [0, 1]
 * @param lexical by words, best first; scores are BM25's, above 0
 * @param exhausted whether there are no more documents of either kind beyond these
 */
public record IndexHits(List<IndexHit> semantic, List<IndexHit> lexical, boolean exhausted) {

  public IndexHits {
    semantic = List.copyOf(semantic);
    lexical = List.copyOf(lexical);
  }

  /** One document found. */
  public record IndexHit(DocumentName name, ContentHash contentHash, float score) {}
}

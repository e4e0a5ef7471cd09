package dev.memlane.model.store;

/** The function that opens an index that several processes share; its implementations know where that is. */
@FunctionalInterface
public interface SharedIndexOpener {

  /**
   * Opens the index, and makes it if it does not exist yet.
   *
   * @param contents what it is for
   * @param anew whether to replace an index that exists, whatever it was made for, by an empty one
   * @throws dev.memlane.model.MemlaneException if it can't be opened, or was made for something else
   */
  SharedIndex open(IndexContents contents, boolean anew);
}

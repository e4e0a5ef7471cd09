package dev.memlane.storage.vector;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexFileNames;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.Lock;

/** What is done with an index's folder as a folder: made, measured, emptied. */
final class IndexFolder {

  private IndexFolder() {}

  /** Makes the folder, for its owner's eyes only where the file system knows such a thing. */
  static void create(Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      return;
    }
    Path absolute = directory.toAbsolutePath();
    Path parent = absolute.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    FileStore store = Files.getFileStore(parent == null ? absolute.getRoot() : parent);
    if (store.supportsFileAttributeView("posix")) {
      Files.createDirectory(directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } else {
      Files.createDirectory(directory);
    }
  }

  /** Whether there are files of an index without the one that lists them. */
  static boolean lacksItsList(Directory directory) throws IOException {
    boolean segments = false;
    for (String name : directory.listAll()) {
      if (name.startsWith(IndexFileNames.SEGMENTS)) {
        return false;
      }
      segments |= IndexFileNames.CODEC_FILE_PATTERN.matcher(name).matches();
    }
    return segments;
  }

  /** What the last commit says of the index; empty if there is none. */
  static Map<String, String> committedUserData(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return Map.of();
    }
    try (FSDirectory directory = FSDirectory.open(path)) {
      return DirectoryReader.indexExists(directory) ? SegmentInfos.readLatestCommit(directory).getUserData() : Map.of();
    }
  }

  /** The size of the last commit's files, in bytes. */
  static long committedBytes(Directory directory) throws IOException {
    long bytes = 0;
    for (String name : SegmentInfos.readLatestCommit(directory).files(true)) {
      try {
        bytes += directory.fileLength(name);
      } catch (NoSuchFileException e) {
        // A newer commit has replaced it since the list was read; the size is a moment's anyway.
      }
    }
    return bytes;
  }

  /** See {@link LuceneVectorIndex#delete}. */
  static void delete(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return;
    }
    try (FSDirectory directory = FSDirectory.open(path);
        Lock lock = directory.obtainLock(IndexWriter.WRITE_LOCK_NAME)) {
      lock.ensureValid();
      for (Path file : indexFiles(path)) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(path.resolve(IndexWriter.WRITE_LOCK_NAME));
    try {
      Files.delete(path);
    } catch (DirectoryNotEmptyException e) {
      // Somebody else's files are in there; they are none of ours.
    }
  }

  private static List<Path> indexFiles(Path path) throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(path)) {
      for (Path file : stream) {
        String name = String.valueOf(file.getFileName());
        // The list goes first: if this is cut short, what is left is no index any more, instead of a broken one.
        if (name.startsWith(IndexFileNames.SEGMENTS + "_") || name.startsWith(IndexFileNames.PENDING_SEGMENTS + "_")) {
          files.addFirst(file);
        } else if (IndexFileNames.CODEC_FILE_PATTERN.matcher(name).matches()) {
          files.add(file);
        }
      }
    }
    return files;
  }
}

package dev.memlane.archive;

import java.time.Duration;

/**
 * The result of an export.
 *
 * @param memories live memories written, expired ones included
 * @param deleted deleted memories written
 * @param messages messages of conversations written
 * @param elapsed the time that the export took
 */
public record ExportReport(long memories, long deleted, long messages, Duration elapsed) {}

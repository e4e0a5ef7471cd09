/** The report of the performance tests: {@link dev.memlane.perf.tests.report.Report} writes it. */
@NullMarked
package dev.memlane.perf.tests.report;

import org.jspecify.annotations.NullMarked;

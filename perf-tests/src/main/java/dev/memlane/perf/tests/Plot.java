package dev.memlane.perf.tests;

import java.util.List;

/**
 * A plot of findings: lines over a common axis.
 *
 * @param x what the horizontal axis shows, with its unit
 * @param y what the vertical axis shows, with its unit
 * @param xLogarithmic whether the horizontal axis is logarithmic
 * @param yLogarithmic whether the vertical axis is logarithmic
 */
public record Plot(String title, String x, String y, boolean xLogarithmic, boolean yLogarithmic, List<Line> lines) {

  public Plot {
    lines = List.copyOf(lines);
  }

  /** One line: its points in order of x, with as many values of x as of y. */
  public record Line(String name, List<Double> x, List<Double> y) {

    public Line {
      x = List.copyOf(x);
      y = List.copyOf(y);
      if (x.size() != y.size()) {
        throw new IllegalArgumentException("line " + name + " has " + x.size() + " x and " + y.size() + " y");
      }
    }
  }
}

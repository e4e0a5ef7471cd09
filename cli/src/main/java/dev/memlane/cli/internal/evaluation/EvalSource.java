package dev.memlane.cli.internal.evaluation;

import dev.memlane.cli.internal.terminal.TextLayout;

/** What is searched, and so through what evidence is found. */
enum EvalSource {
  /** The turns as they are. */
  TURNS,
  /** The facts that a model has made of them. */
  FACTS,
  /** Turns and facts together, in one ranking. */
  BOTH;

  @Override
  public String toString() {
    return TextLayout.name(this);
  }
}

package dev.memlane.extraction;

import java.time.Instant;

/**
 * Why a call has stopped before the conversation's end: the {@link TokenBudget} of the day is used up. Nothing is half done, and a
 * later call goes on there.
 *
 * @param until when the next day begins, and with it a new budget. Before that, a call may go on if the limit was raised, or if
 * calls of other processes cost less than they had reserved
 * @param used the tokens of the day, with what is reserved for calls under way
 * @param limit how many tokens the day may have
 * @param messagesLeft how many messages of the conversation are not remembered yet, of any role, up to the newest one at the time
 * of the call
 */
public record BudgetPause(Instant until, long used, long limit, long messagesLeft) {

  static BudgetPause of(BudgetUsedUpException usedUp, long messagesLeft) {
    return new BudgetPause(usedUp.until(), usedUp.used(), usedUp.limit(), messagesLeft);
  }
}

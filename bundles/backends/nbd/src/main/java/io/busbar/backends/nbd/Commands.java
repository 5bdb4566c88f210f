package io.busbar.backends.nbd;

import io.busbar.api.backend.BlockRequest;
import io.busbar.backends.nbd.Command.Stage;

/** The requests that one connection has, a bounded number. Its lane's alone. */
final class Commands {

    /** Enough to keep a server busy; what is beyond is for other connections, or waits. */
    static final int MOST = 128;

    private final Submissions submissions;
    private final Command[] all = new Command[MOST];
    private final int[] free = new int[MOST];
    private final int[] due = new int[MOST];
    private int freeCount;
    private int dueFirst;
    private int dueCount;

    Commands(Submissions submissions) {
        this.submissions = submissions;
        for (int i = 0; i < MOST; i++) {
            all[i] = new Command(i);
            free[freeCount++] = i;
        }
    }

    boolean hasRoom() {
        return freeCount > 0;
    }

    boolean isEmpty() {
        return freeCount == MOST;
    }

    /** Returns what is to be sent next, of requests at hand or new ones; null if there is nothing. */
    Command next(Export export) {
        if (dueCount > 0) {
            Command command = all[due[dueFirst]];
            dueFirst = (dueFirst + 1) % MOST;
            dueCount--;
            return command;
        }
        while (freeCount > 0) {
            BlockRequest request = submissions.poll();
            if (request == null) {
                return null;
            }
            Command command = all[free[--freeCount]];
            command.begin(request);
            if (command.advance(export)) {
                return command;
            }
            end(command);
        }
        return null;
    }

    /** Finds what an answer is about, or returns null if the server has no such command. */
    Command asked(long cookie) {
        int index = (int) cookie;
        if (index < 0 || index >= MOST) {
            return null;
        }
        Command command = all[index];
        return command.stage() == Stage.ASKED && command.cookie() == cookie ? command : null;
    }

    /** A command was answered: its request goes on, or ends. */
    void answered(Command command, Export export) {
        if (command.error() == 0 && command.advance(export)) {
            makeDue(command);
        } else {
            end(command);
        }
    }

    void end(Command command) {
        // Before the end, after which the request's slot may bring the next one.
        free[freeCount++] = command.index();
        command.end();
    }

    private void makeDue(Command command) {
        command.setStage(Stage.DUE);
        due[(dueFirst + dueCount) % MOST] = command.index();
        dueCount++;
    }

    /** What the server has not confirmed is done from its beginning, by whichever connection comes first. */
    void giveBack() {
        dueCount = 0;
        for (Command command : all) {
            if (command.stage() != Stage.FREE) {
                free[freeCount++] = command.index();
                submissions.giveBack(command.leave());
            }
        }
    }
}

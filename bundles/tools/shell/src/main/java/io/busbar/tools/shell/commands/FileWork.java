package io.busbar.tools.shell.commands;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Something that has to do with a file. */
@FunctionalInterface
interface FileWork {

    /** Does it. */
    void run() throws IOException, Wrong;

    /** Does it; what is wrong with the file becomes a sentence. */
    static void on(Path file, FileWork work) throws Wrong {
        try {
            work.run();
        } catch (NoSuchFileException e) {
            throw new Wrong(file + ": there is no such file or directory", e);
        } catch (AccessDeniedException e) {
            throw new Wrong(file + ": the right to it is missing", e);
        } catch (IOException e) {
            throw new Wrong(file + ": " + e.getMessage(), e);
        }
    }
}

package io.busbar.backends.file;

import io.busbar.api.backend.BackendException;
import io.busbar.testkit.TestBackendContext;

/** Opens a file and says how that went. */
final class OpenInAnotherJvm {

    private OpenInAnotherJvm() {
    }

    public static void main(String[] arguments) {
        TestBackendContext context = Boolean.parseBoolean(arguments[1])
                ? TestBackendContext.readOnly("path", arguments[0])
                : TestBackendContext.of("path", arguments[0]);
        try (FileBackend disk = new FileBackend(context)) {
            System.out.println("capacity " + disk.info().capacity());
        } catch (BackendException e) {
            System.out.println(e.kind() + " " + e.getMessage());
        }
    }
}

package io.busbar.runtime;

import java.io.IOException;
import org.slf4j.LoggerFactory;

/** Who started us as a service, if it wants to be told when we are ready (sd_notify(3)). */
final class ServiceManager {
    private static final String WANTS_TO_BE_TOLD = "NOTIFY_SOCKET";

    private ServiceManager() {}

    /** Tells it, by its own program: Java knows no datagrams of Unix sockets. Where that fails the manager gives us up by itself. */
    static void tellReady() throws InterruptedException {
        if (System.getenv(WANTS_TO_BE_TOLD) == null) {
            return;
        }
        try {
            var status = new ProcessBuilder("systemd-notify", "--ready").inheritIO().start().waitFor();
            if (status != 0) {
                notTold("systemd-notify ended with status " + status);
            }
        } catch (IOException e) {
            notTold(e.getMessage());
        }
    }

    private static void notTold(String why) {
        LoggerFactory.getLogger(ServiceManager.class)
                .error("{} is set, and the service manager could not be told that all is ready: {}", WANTS_TO_BE_TOLD, why);
    }
}

package io.busbar.core.linux;

/** Takes the completions of an {@link IoUring}, in the thread that drains it. */
@FunctionalInterface
public interface CompletionHandler {
    /**
     * One request has finished; its buffers are the caller's again. May prepare further requests.
     *
     * @param userData what the request was given
     * @param result what the system call of the same name would return: bytes, 0, or a negative errno (-ECANCELED)
     */
    void completed(long userData, int result);
}

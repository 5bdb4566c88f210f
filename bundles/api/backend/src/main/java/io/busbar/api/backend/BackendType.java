package io.busbar.api.backend;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.osgi.annotation.bundle.Capability;

/**
 * Makes a class a backend that can be named on the command line: {@code vdpa dev add … backend NAME …}.
 *
 * <p>The class implements the interface of its kind ({@link BlockBackend} for {@link #BLOCK}, {@link NetBackend} for {@link #NET},
 * {@link ConsoleBackend} for {@link #CONSOLE}) and has one public
 * constructor that takes a {@link BackendContext}. The annotation becomes the capability {@code busbar.backend} of the
 * bundle, from which Busbar finds the class: nothing else has to be registered.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Capability(
        namespace = BackendType.NAMESPACE,
        attribute = {"type=${#type}", "name=${#name}", "class=${@class}", "settings=\"${#settings}\""})
public @interface BackendType {

    /** The namespace of the capability. */
    String NAMESPACE = "busbar.backend";

    /** The kind of a {@link BlockBackend}. */
    String BLOCK = "block";

    /** The kind of a {@link NetBackend}. */
    String NET = "net";

    /** The kind of a {@link ConsoleBackend}. */
    String CONSOLE = "console";

    /** The kind: {@value #BLOCK}, {@value #NET} or {@value #CONSOLE}. */
    String type();

    /** The name on the command line: lower-case letters, digits and dashes. */
    String name();

    /** The settings as a user writes them, for help texts: {@code path FILE [size SIZE]}. */
    String settings() default "";
}

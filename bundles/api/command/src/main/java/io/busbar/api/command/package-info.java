/**
 * Commands that bundles bring: an OSGi service {@link io.busbar.api.command.ShellCommand} is a command of Busbar's shell, on the
 * terminal, from outside and in lines of the shell's language, with help and completion, as long as the service is there.
 */
@Export
@Version("0.2.0")
package io.busbar.api.command;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;

package io.busbar.core.virtio.ring;

import java.io.IOException;
import java.io.InputStream;
import java.lang.constant.ConstantDescs;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.InvocationTargetException;

/**
 * Defines a ring class again for one queue, as a hidden class with the queue's parts as class data, so that they are
 * constants to the compiler: about twice as fast on chains of one to three buffers. A hidden class is unloaded when
 * its ring is no longer reachable.
 */
final class Specialised {

    private Specialised() {
    }

    /**
     * Returns the class data of the class that asks, or null if it is not a hidden class.
     *
     * @param lookup of the class that asks
     * @param type   of the data
     */
    static <T> T classData(MethodHandles.Lookup lookup, Class<T> type) {
        try {
            return MethodHandles.classData(lookup, ConstantDescs.DEFAULT_NAME, type);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("no class data for " + lookup, e);
        }
    }

    /**
     * Makes an object of a class defined for it alone.
     *
     * @param type      what the object is to be used as
     * @param template  the class whose bytes are defined again; it has one constructor
     * @param data      its class data
     * @param arguments for the constructor
     * @throws ReflectiveOperationException if it cannot be defined or made
     * @throws IOException                  if the bytes of the template cannot be read
     */
    static <T> T make(Class<T> type, Class<? extends T> template, Object data, Object... arguments)
            throws ReflectiveOperationException, IOException {
        MethodHandles.Lookup hidden =
                MethodHandles.lookup().defineHiddenClassWithClassData(bytes(template), data, true);
        try {
            return type.cast(hidden.lookupClass().getDeclaredConstructors()[0].newInstance(arguments));
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof InternalError error) {
                throw error;
            }
            throw e;
        }
    }

    private static byte[] bytes(Class<?> template) throws IOException {
        String name = template.getSimpleName() + ".class";
        try (InputStream in = template.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("no resource " + name + " beside " + template.getName());
            }
            return in.readAllBytes();
        }
    }
}

package io.busbar.core.bus;

import io.busbar.api.vdpa.IovaRange;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Shows {@link CheckedConfigOps} with the abilities that the parent has, and no other, so that {@code instanceof} asks
 * the parent. An ability that the checks do not know goes to the parent as it is.
 *
 * <p>What a parent throws unchecked becomes a {@link VdpaException} EIO where the op may throw one. After the device's
 * removal nothing reaches the parent: ops say ENODEV, queries answer as a device would that has nothing.
 */
final class CheckedOpsProxy implements InvocationHandler {

    private static final Method KICK = kick();
    private static final Map<Class<?>, Object> ANSWERS_OF_NOTHING = Map.of(
            boolean.class, false, int.class, 0, long.class, 0L, Map.class, Map.of(), IovaRange.class, IovaRange.ALL);

    private final String device;
    private final VdpaConfigOps parent;
    private final CheckedConfigOps checked;
    private final ControlLock control;

    private CheckedOpsProxy(String device, VdpaConfigOps parent, CheckedConfigOps checked, ControlLock control) {
        this.device = device;
        this.parent = parent;
        this.checked = checked;
        this.control = control;
    }

    /**
     * Makes the ops that users of the device see.
     *
     * @param device  its name, for sentences
     * @param parent  its own ops
     * @param checked the checks in front of them
     * @param control the lock that knows whether the device was removed
     */
    static VdpaConfigOps of(String device, VdpaConfigOps parent, CheckedConfigOps checked, ControlLock control) {
        Set<Class<?>> interfaces = new LinkedHashSet<>();
        collect(parent.getClass(), interfaces);
        return (VdpaConfigOps) Proxy.newProxyInstance(
                VdpaConfigOps.class.getClassLoader(),
                interfaces.toArray(Class<?>[]::new),
                new CheckedOpsProxy(device, parent, checked, control));
    }

    private static void collect(Class<?> type, Set<Class<?>> interfaces) {
        if (type == null) {
            return;
        }
        if (type.isInterface() && type.getPackageName().equals(VdpaConfigOps.class.getPackageName())) {
            interfaces.add(type);
        }
        collect(type.getSuperclass(), interfaces);
        for (Class<?> parentType : type.getInterfaces()) {
            collect(parentType, interfaces);
        }
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
        if (method.equals(KICK)) {
            if (!control.removed()) {
                checked.kickVq((Integer) arguments[0]);
            }
            return null;
        }
        if (method.getDeclaringClass() == Object.class) {
            return ofObject(proxy, method, arguments);
        }
        if (control.removed() && !throwsVdpaException(method)) {
            return nothing(method.getReturnType());
        }
        return call(method, arguments);
    }

    private Object call(Method method, Object[] arguments) throws Throwable {
        Object target = method.getDeclaringClass().isInstance(checked) ? checked : parent;
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException thrown) {
            Throwable cause = thrown.getCause();
            if (cause instanceof RuntimeException && throwsVdpaException(method)) {
                throw new VdpaException(
                        VdpaError.EIO, Reason.INTERNAL, method.getName() + " of " + device + " failed: " + cause, cause);
            }
            throw cause;
        }
    }

    private Object ofObject(Object proxy, Method method, Object[] arguments) {
        return switch (method.getName()) {
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            default -> "ops of " + device;
        };
    }

    private static boolean throwsVdpaException(Method method) {
        return Arrays.asList(method.getExceptionTypes()).contains(VdpaException.class);
    }

    private static Object nothing(Class<?> type) {
        return ANSWERS_OF_NOTHING.get(type);
    }

    private static Method kick() {
        try {
            return VdpaConfigOps.class.getMethod("kickVq", int.class);
        } catch (NoSuchMethodException missing) {
            throw new ExceptionInInitializerError(missing);
        }
    }
}
